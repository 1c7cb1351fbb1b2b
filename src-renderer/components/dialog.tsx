// Modal dialogs: the frame of any, one with fields, and the question before something that cannot be taken back.

import { TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Form, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { t } from '../i18n/strings.ts';
import { Button, IconButton } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly size?: 'small' | 'medium' | 'large' | undefined;
  readonly role?: 'dialog' | 'alertdialog';
  /** Without it, nothing but the dialog's own buttons closes it. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
}

/** Open while it is rendered. */
export function Dialog({ title, size = 'medium', role = 'dialog', onClose, children }: DialogProps) {
  return (
    <ModalOverlay
      isOpen
      isKeyboardDismissDisabled={!onClose}
      onOpenChange={(open) => !open && onClose?.()}
      className="dialog-backdrop"
    >
      <Modal className="dialog-box" data-size={size}>
        <AriaDialog className="dialog" role={role}>
          <header className="dialog-header">
            <Heading slot="title">{title}</Heading>
            {onClose && role === 'dialog' && <IconButton icon={X} label={t.app.close} onPress={onClose} />}
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface FormDialogProps extends Pick<DialogProps, 'title' | 'size' | 'children'> {
  /** What the button says; Enter does it too. */
  readonly action: string;
  readonly isReady?: boolean;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
}

export function FormDialog({ title, size, action, isReady = true, onClose, onSubmit, children }: FormDialogProps) {
  return (
    <Dialog title={title} size={size} onClose={onClose}>
      <Form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onSubmit();
        }}
      >
        <div className="dialog-body form-body">{children}</div>
        <footer className="dialog-footer">
          <Button onPress={onClose}>{t.app.cancel}</Button>
          <Button kind="primary" type="submit" isDisabled={!isReady}>
            {action}
          </Button>
        </footer>
      </Form>
    </Dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onAnswer: (confirmed: boolean) => void;
}

export function Confirm({ title, text, action, onAnswer }: ConfirmProps) {
  return (
    <Dialog title={title} size="small" role="alertdialog" onClose={() => onAnswer(false)}>
      <div className="dialog-body confirm-body">
        <TriangleAlert aria-hidden />
        <p>{text}</p>
      </div>
      <footer className="dialog-footer">
        <Button autoFocus onPress={() => onAnswer(false)}>
          {t.app.cancel}
        </Button>
        <Button kind="danger" onPress={() => onAnswer(true)}>
          {action}
        </Button>
      </footer>
    </Dialog>
  );
}
